// The WSDL of `/services/hl7`, for SOAP clients that want one. PKB's own is not public: this one promises the operation
// that its page shows, acceptMessage with a string arg0, and the string that comes back.
import { NAMESPACE } from './ack.ts'
import { escaped } from './xml.ts'

const message = (name: string, element: string): string => `
  <wsdl:message name="${name}"><wsdl:part name="parameters" element="tns:${element}"/></wsdl:message>`

const type = (name: string, part: string): string => `
      <xs:element name="${name}" type="tns:${name}"/>
      <xs:complexType name="${name}"><xs:sequence><xs:element minOccurs="0" name="${part}" type="xs:string"/></xs:sequence></xs:complexType>`

export const wsdl = (address: string): string => `<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions name="HL7Service" targetNamespace="${NAMESPACE}" xmlns:tns="${NAMESPACE}" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <wsdl:types>
    <xs:schema elementFormDefault="unqualified" targetNamespace="${NAMESPACE}">${type('acceptMessage', 'arg0')}${type('acceptMessageResponse', 'return')}
    </xs:schema>
  </wsdl:types>${message('acceptMessage', 'acceptMessage')}${message('acceptMessageResponse', 'acceptMessageResponse')}
  <wsdl:portType name="HL7Port">
    <wsdl:operation name="acceptMessage"><wsdl:input message="tns:acceptMessage"/><wsdl:output message="tns:acceptMessageResponse"/></wsdl:operation>
  </wsdl:portType>
  <wsdl:binding name="HL7Binding" type="tns:HL7Port">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="acceptMessage">
      <soap:operation soapAction="" style="document"/>
      <wsdl:input><soap:body use="literal"/></wsdl:input>
      <wsdl:output><soap:body use="literal"/></wsdl:output>
    </wsdl:operation>
  </wsdl:binding>
  <wsdl:service name="HL7Service"><wsdl:port name="HL7Port" binding="tns:HL7Binding"><soap:address location="${escaped(address)}"/></wsdl:port></wsdl:service>
</wsdl:definitions>
`
